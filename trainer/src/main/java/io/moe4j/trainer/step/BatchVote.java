package io.moe4j.trainer.step;

import java.util.Optional;

/**
 * A rank's message to the others before the next pass of an evaluation.
 *
 * @param batch whether it has a batch
 * @param missing whether its data could not be read
 * @param stop whether it wants to end
 */
record BatchVote(boolean batch, boolean missing, boolean stop) {
    private static final int BATCH = 1;
    private static final int MISSING = 2;
    private static final int STOP = 4;

    static BatchVote of(Optional<StepData> data, boolean stop) {
        return new BatchVote(data.filter(Batch.class::isInstance).isPresent(),
                data.filter(StepData.Missing.class::isInstance).isPresent(), stop);
    }

    byte[] encode() {
        return new byte[] {(byte) ((batch ? BATCH : 0) | (missing ? MISSING : 0) | (stop ? STOP : 0))};
    }

    static BatchVote decode(byte[] bytes) {
        return new BatchVote((bytes[0] & BATCH) != 0, (bytes[0] & MISSING) != 0, (bytes[0] & STOP) != 0);
    }
}
