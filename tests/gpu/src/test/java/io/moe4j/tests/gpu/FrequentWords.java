package io.moe4j.tests.gpu;

import io.moe4j.trainer.step.Batch;
import java.util.Arrays;
import java.util.Random;

/** Random words of the debug models, of which a few are frequent: the loss falls within a few steps, and some experts are crowded. */
final class FrequentWords {
    /** The debug models' vocabulary. */
    static final int WORDS = 2048;

    private FrequentWords() {}

    /** Two of three words are one of the first seven. */
    static int[] of(Random random, int count) {
        return random.ints(count, 0, WORDS).map(word -> word % 3 == 0 ? word : word % 7).toArray();
    }

    /** A batch in which each word is followed by the next. */
    static Batch batch(Random random, int tokens) {
        int[] words = of(random, tokens + 1);
        return new Batch(Arrays.copyOf(words, tokens), Arrays.copyOfRange(words, 1, tokens + 1));
    }
}
