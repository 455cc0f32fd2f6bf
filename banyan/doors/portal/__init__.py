"""The portal: pages for advocates and their friends, phone first."""
