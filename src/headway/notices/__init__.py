"""What a person is told, once a day, in their own language: on a page of the product and, where they want it, by mail.

Owns digests, what each person chose about them, addresses for mail and the letters that went out. Leaves what there is to say
to the packages below, which are asked, and the queue to `jobs`. No notice says a level.
"""
