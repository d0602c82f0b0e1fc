package io.moe4j.data;

import java.io.IOException;
import java.io.InputStream;

/** An input whose bytes are read in blocks; one byte is a block of one. */
abstract class BlockInput extends InputStream {

    @Override
    public final int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
    }

    @Override
    public abstract int read(byte[] target, int from, int count) throws IOException;
}
