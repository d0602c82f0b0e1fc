package io.moe4j.data;

import io.moe4j.api.text.PlacedIds;
import io.moe4j.api.text.Tokenizer;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
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
    public Optional<PlacedIds> placed(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int[] ids = new int[bytes.length];
        int[] starts = new int[bytes.length];
        int[] ends = new int[bytes.length];
        int at = 0;
        for (int unit = 0; unit < text.length();) {
            int point = text.codePointAt(unit);
            int end = unit + Character.charCount(point);
            // An unpaired surrogate becomes one byte, "?", as in every Java string that is encoded as UTF-8.
            int count = point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE ? 1
                    : point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
            for (int i = 0; i < count; i++, at++) {
                ids[at] = Byte.toUnsignedInt(bytes[at]);
                starts[at] = unit;
                ends[at] = end;
            }
            unit = end;
        }
        return Optional.of(new PlacedIds(ids, starts, ends));
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
