package io.moe4j.metrics.tensorboard;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.util.zip.CRC32C;

/**
 * The frame of a record in TensorFlow's files, all numbers little-endian: 8 bytes length, 4 bytes masked CRC-32C of the length, the data, 4 bytes masked
 * CRC-32C of the data.
 */
final class TfRecord {
    private static final int MASK = 0xa282ead8;
    private static final int FRAME_BYTES = Long.BYTES + 2 * Integer.BYTES;

    private TfRecord() {}

    static void write(byte[] data, WritableByteChannel channel) throws IOException {
        ByteBuffer record = ByteBuffer.allocate(FRAME_BYTES + data.length).order(ByteOrder.LITTLE_ENDIAN);
        record.putLong(data.length);
        record.putInt(masked(record.array(), 0, Long.BYTES));
        record.put(data);
        record.putInt(masked(data, 0, data.length)).flip();
        while (record.hasRemaining()) {
            channel.write(record);
        }
    }

    /** The checksum is masked because a checksum over data that contains its own checksum is weak. */
    private static int masked(byte[] data, int from, int count) {
        CRC32C checksum = new CRC32C();
        checksum.update(data, from, count);
        int value = (int) checksum.getValue();
        return Integer.rotateRight(value, 15) + MASK;
    }
}
