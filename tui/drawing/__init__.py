"""Drawing: text in roles, the theme's styles, numbers in fixed widths. Pure."""
