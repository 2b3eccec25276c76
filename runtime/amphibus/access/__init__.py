"""Access: who asks for something, which rights he has, and how he shows that it is he."""
