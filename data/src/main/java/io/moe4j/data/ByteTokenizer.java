package io.moe4j.data;

import io.moe4j.api.text.Tokenizer;
import java.io.InputStream;
import java.util.Optional;

/** Each byte is its own id, 0 to 255; id 256 ends a document. */
final class ByteTokenizer implements Tokenizer {
    private static final int BYTES = 256;

    @Override
    public int vocabulary() {
        return BYTES + 1;
    }

    @Override
    public int endToken() {
        return BYTES;
    }

    @Override
    public String identity() {
        return "bytes";
    }

    @Override
    public Optional<Decoder> decoder() {
        return Optional.of(new ByteDecoder());
    }

    @Override
    public Tokens tokens(InputStream text) {
        byte[] buffer = new byte[1 << 13];
        return (target, from, count) -> {
            int read = text.read(buffer, 0, Math.min(count, buffer.length));
            for (int i = 0; i < read; i++) {
                target[from + i] = Byte.toUnsignedInt(buffer[i]);
            }
            return read;
        };
    }
}
