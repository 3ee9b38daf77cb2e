"""``python -m tui`` is ``rooftop``."""

from tui.main import main

if __name__ == "__main__":
    main()
