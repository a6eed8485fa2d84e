"""VAT: how tax-included amounts are split, exactly."""
