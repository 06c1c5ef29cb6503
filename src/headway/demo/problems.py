"""Problems that the demonstration's students made up and solved, better and worse: what waits to be rated, and is scored together."""

from __future__ import annotations

PROBLEMS: tuple[tuple[str, str, int], ...] = (
    ("Paint for the shed", "The shed has four walls of 12 square meters and two doors of 2. One can covers 10. 48 − 4 = 44, so 4.4 cans, so I buy 5. I checked with 5 × 10 = 50, which is more than 44.", 4),
    ("Which phone plan", "Plan A is 10 dollars and 5 cents a minute, plan B is 20 dollars. I made a table. They are the same at 200 minutes, so below 200 A is better. I talk about 90 minutes, so A.", 4),
    ("Cups of rice", "We are 7 people. 2 cups are for 4. So I did 7 − 4 = 3 and then 2 + 3 = 5 cups.", 1),
    ("Half of the pizza", "My sister ate a half and I ate a third. That is two fifths because 1 + 1 is 2 and 2 + 3 is 5.", 1),
    ("Steps to school", "I walk 1,340 steps. One step is about 60 cm. 1,340 × 60 = 80,400, so it is 804 meters.", 3),
    ("Sale at the shop", "The jacket was 80 dollars with 25 % off. A quarter of 80 is 20, so it is 60. Then 10 % more off is 6, so 54. It is not 35 % off.", 4),
    ("Time on the tablet", "On Monday 40 minutes, Tuesday 55, Wednesday 70. It goes up by 15 so on Sunday it is 130.", 3),
    ("Seeds in a row", "The row is 3 meters. Seeds go every 25 cm. 300 ÷ 25 = 12. But there is one at the start too, so 13.", 4),
    ("Sharing marbles", "24 marbles for 5 kids. Everyone gets 4 and the rest stays.", 2),
    ("Fence for the goat", "I have 20 meters of fence. A square of 5 by 5 has 25. A long one of 9 by 1 has 9. So the square is the best one.", 3),
    ("Juice mix", "1 part juice and 3 parts water. For 2 liters I take 1 liter juice because it tastes better and 1 liter water.", 1),
    ("Train or car", "The car is 240 km at 80 an hour, that is 3 hours. The train takes 2 and a half. So the train.", 3),
    ("Tall tree", "My shadow is 2 meters and I am 1 and a half. The shadow of the tree is 8. I think it is 6 because 8 is 4 times 2.", 3),
    ("Birthday money", "I got 50. I spent some on a book. I have still enough for the game.", 1),
    ("Batteries", "A pack of 4 is 5 dollars, a pack of 10 is 11. One is 1.25 or 1.10. So the big pack, if I need ten.", 4),
    ("Class photo", "28 of us in rows. 4 rows of 7. Or 3 rows but then one row has 10 and the others 9.", 2),
    ("Broken clock", "The clock loses 3 minutes in a day. After a week it is 21 minutes late. After 20 weeks it would be 7 hours.", 3),
    ("Cookies for the fair", "I need 90 cookies and one tray has 16. 90 ÷ 16 = 5.625, so 5 trays.", 2),
    ("Water bill", "It went from 30 to 36. That is 6 more. 6 of 30 is 20 %. If it goes up the same again it is 42, but by percent it is 43.20.", 4),
    ("Two dogs", "One dog eats 3 cups in 2 days and the other 2 cups in 1 day. Together it is 5 cups.", 2),
)  # fmt: skip
"""Title, words, and the level that most would give."""

# ruff: noqa: E501 (a student's words stand in one line)
