package io.moe4j.trainer.step;

import java.nio.ByteBuffer;

/**
 * What a rank tells the others after forward and backward, so that all come to the same decision.
 *
 * @param loss its part of the mean loss
 * @param sumOfSquares of the gradients that it holds; 0 if another replica has told the same
 * @param requiredRows the most rows that it was to receive in one exchange
 * @param droppedRows rows that were dropped at it
 * @param hostSyncs how often its host waited inside forward and backward
 * @param stop whether it wants the run to end after this step
 */
record RankReport(double loss, double sumOfSquares, long requiredRows, long droppedRows, long hostSyncs,
        boolean stop) {
    private static final int BYTES = 5 * Long.BYTES + 1;

    byte[] encode() {
        return ByteBuffer.allocate(BYTES).putDouble(loss).putDouble(sumOfSquares).putLong(requiredRows)
                .putLong(droppedRows).putLong(hostSyncs).put((byte) (stop ? 1 : 0)).array();
    }

    static RankReport decode(byte[] bytes) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        return new RankReport(buffer.getDouble(), buffer.getDouble(), buffer.getLong(), buffer.getLong(),
                buffer.getLong(), buffer.get() != 0);
    }
}
