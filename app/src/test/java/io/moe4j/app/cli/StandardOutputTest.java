package io.moe4j.app.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

/** What a command says and returns where its output cannot be written. */
class StandardOutputTest {

    private static final class Refused extends OutputStream {
        private final String message;

        Refused(String message) {
            this.message = message;
        }

        @Override
        public void write(int b) throws IOException {
            throw new IOException(message);
        }
    }

    /** As in {@code moe4j --help | head -1}: the reader has what it wanted, and nothing is wrong. */
    @Test
    void aReaderThatHasEndedIsNoError() {
        StringWriter err = new StringWriter();
        assertEquals(141, Main.run(new StandardOutput(new Refused("Broken pipe")), new PrintWriter(err), "--help"));
        assertEquals("", err.toString());
    }

    @Test
    void aFullDiskIs() {
        StringWriter err = new StringWriter();
        assertEquals(1,
                Main.run(new StandardOutput(new Refused("No space left on device")), new PrintWriter(err), "--help"));
        assertTrue(err.toString().contains("could not be written in full"), err.toString());
    }

    /** Bad input stays what it is, whatever reads the output. */
    @Test
    void badInputIsToldFirst() {
        StringWriter err = new StringWriter();
        assertEquals(2,
                Main.run(new StandardOutput(new Refused("Broken pipe")), new PrintWriter(err), "plan", "--plugin-path",
                        "nowhere"));
        assertTrue(err.toString().contains("there is no such file or folder: nowhere"), err.toString());
    }
}
