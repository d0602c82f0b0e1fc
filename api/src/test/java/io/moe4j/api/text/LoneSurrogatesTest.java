package io.moe4j.api.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import org.junit.jupiter.api.Test;

class LoneSurrogatesTest {
    private static final String PAIR = "\ud83d\ude00";

    @Test
    void halvesAreReplacedAndPairsStay() {
        String text = "a\ud83d" + PAIR + "\ude00" + "\ud83d";
        assertEquals(3, LoneSurrogates.count(text));
        assertEquals("a\ufffd" + PAIR + "\ufffd\ufffd", LoneSurrogates.replaced(text));
    }

    @Test
    void aTextWithoutThemIsReturnedItself() {
        String text = "a" + PAIR;
        assertEquals(0, LoneSurrogates.count(text));
        assertSame(text, LoneSurrogates.replaced(text));
    }
}
