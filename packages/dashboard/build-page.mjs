// Bundles the page into src/page-assets.ts: a map of what the package serves.
