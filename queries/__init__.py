"""All SQL of advisor: normalisation, checks with their cases, reports and the store's schema."""
