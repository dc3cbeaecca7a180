"""A local stand-in for Adobe Experience Platform: a WSGI program with its own data file.

It imports nothing of Flowsite and nothing of Flowsite imports it. ``app.create_app`` makes
one; ``python manage.py emulator`` serves one on a port.
"""
