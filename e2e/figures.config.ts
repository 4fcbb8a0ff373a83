// What scripts/bench measures in a browser; no journeys.
import { defineConfig } from "@playwright/test";

import journeys from "./playwright.config";

export default defineConfig({ ...journeys, testMatch: "*.figures.ts", timeout: 300_000 });
