package io.moe4j.data;

import io.moe4j.api.text.Tokenizer;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/** Text of bytes in UTF-8. An end token has no text; a character that is incomplete before it becomes U+FFFD. */
final class ByteDecoder implements Tokenizer.Decoder {
    private static final int END = 256;

    private final CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder()
            .onMalformedInput(CodingErrorAction.REPLACE).onUnmappableCharacter(CodingErrorAction.REPLACE);
    /** A character has at most 4 bytes. */
    private final ByteBuffer held = ByteBuffer.allocate(8);
    private final CharBuffer text = CharBuffer.allocate(16);

    @Override
    public String next(int id) {
        if (id < 0 || id > END) {
            throw new IllegalArgumentException("the id " + id + " is not in [0, " + (END + 1) + ")");
        }
        if (id == END) {
            return end();
        }
        held.put((byte) id).flip();
        decoder.decode(held, text, false);
        held.compact();
        return taken();
    }

    @Override
    public String end() {
        held.flip();
        decoder.decode(held, text, true);
        decoder.flush(text);
        decoder.reset();
        held.clear();
        return taken();
    }

    private String taken() {
        String taken = text.flip().toString();
        text.clear();
        return taken;
    }
}
