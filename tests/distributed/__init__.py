"""The same modules as processes of their own: started, supervised, refused, waited for."""
