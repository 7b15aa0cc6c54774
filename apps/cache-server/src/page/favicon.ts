/** Two boxes, one in front of the other: what is kept, and what is taken from it. */
export const favicon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#1f6feb"/><rect x="7" y="7" width="14" height="14" rx="2" fill="#9cc3ff"/><rect x="12" y="12" width="14" height="14" rx="2" fill="#fff"/></svg>`;
