package io.moe4j.app.terminal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class SafeTextTest {

    @Test
    void whatATerminalWouldObeyIsShown() {
        assertEquals("a\\u001b[2Jb\\u0007\\u000d", SafeText.of("a\u001b[2Jb\u0007\r"));
        assertEquals("\\u202eabc\\u009b1m\\u007f", SafeText.of("\u202eabc\u009b1m\u007f"));
        assertEquals("\\ud83d", SafeText.of("\ud83d"));
    }

    @Test
    void whatPeopleReadStays() {
        String text = "eine Zeile\n\tund 👩\u200d🚀, \u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645, 数据";
        assertEquals(text, SafeText.of(text));
    }
}
