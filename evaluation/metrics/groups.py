"""Two pictures and two sentences: the scores of Winoground (Thrush and others, 2022), and of 2x2 groups.

With s(i, j) the score of picture i and sentence j, and sentence i true of picture i:

* text: for each picture its own sentence is scored higher, s(0, 0) > s(0, 1) and s(1, 1) > s(1, 0);
* image: for each sentence its own picture is scored higher, s(0, 0) > s(1, 0) and s(1, 1) > s(0, 1);
* group: both.

Random scores reach 1/4, 1/4 and 1/6: two comparisons of four different scores each; for the group the two right
scores have to be the two highest of four, 2! 2! / 4!. Ties are wrong, as in the authors' code.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from naturel.annotations.truth import Flags

TEXT_CHANCE, IMAGE_CHANCE, GROUP_CHANCE = 1 / 4, 1 / 4, 1 / 6


def group_right(scores: npt.NDArray[np.float64]) -> tuple[Flags, Flags, Flags]:
    """Text, image and group score of each question.

    Args:
        scores: Shape (n, 2, 2): picture, sentence.

    Returns:
        Three arrays of shape (n,).
    """
    own = scores[:, [0, 1], [0, 1]]
    text = np.logical_and.reduce(own > scores[:, [0, 1], [1, 0]], axis=1)
    image = np.logical_and.reduce(own > scores[:, [1, 0], [0, 1]], axis=1)
    return text, image, text & image
