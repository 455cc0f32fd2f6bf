// Sends one event of each kind with Segment's library; exits with 1 when one was not taken.
import { Analytics } from "@segment/analytics-node";

const [host, writeKey] = process.argv.slice(2);
const analytics = new Analytics({ writeKey, host, maxRetries: 0 });
let failed = 0;
analytics.on("error", (error) => {
  console.error(error);
  failed = 1;
});
analytics.identify({ userId: "u8", traits: { email: "ann@example.com", plan: "gold" } });
analytics.track({ userId: "u8", event: "Order Completed", properties: { order_id: "o8", total: 19.99 } });
analytics.page({ anonymousId: "v8", name: "Home", properties: { url: "https://shop.example.com/" } });
analytics.screen({ userId: "u8", name: "Home" });
analytics.group({ userId: "u8", groupId: "g8", traits: { name: "ACME" } });
analytics.alias({ userId: "u8", previousId: "v8" });
await analytics.closeAndFlush();
process.exit(failed);
