// What a column can become: worker/importing/tables, which a test compares.
export const FIELDS = {
  inventory: [
    "sku", "name", "description", "category", "quantity", "quantity_on_order", "unit_price", "cost",
    "price_tier_1", "price_tier_2", "price_tier_3", "price_tier_4", "price_tier_5",
    "department_code", "unit_of_measure",
  ],
  contacts: [
    "name", "email", "phone", "company", "trade", "status", "priceLevel", "address", "city", "province",
    "postalCode", "notes", "legacyNumber", "accountOwnerNumber", "ptdSales", "ptdGpPercent", "ytdSales",
    "ytdGpPercent", "lyrSales", "lyrGpPercent",
  ],
  bids: [
    "clientName", "projectName", "description", "subtotal", "tax", "total", "status", "validUntil",
    "notes", "terms",
  ],
};

/** Fields that several columns may fill together. */
export const SHARED = { inventory: [], contacts: ["name"], bids: [] };

/** Items' money, which the database has in cents. */
export const isCents = (dataType, field) =>
  dataType === "inventory" && /^(unit_price|cost|price_tier_\d)$/.test(field);
