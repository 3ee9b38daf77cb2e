"""What a chip, generation or framework file may hold: the schemas for files that users write.

Bundled profiles obey them too (a test reads every one), so that loading those needs no
validation and no pydantic at start-up.
"""
