package io.moe4j.trainer.step;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * A rank's message to the others after forward and backward, from which all make the same decision.
 *
 * @param labels how many labels of its batch count
 * @param loss the sum of its losses, divided by the number of all ranks' tokens
 * @param sumOfSquares the sum of the squares of the gradients that it holds; 0 if another replica reports these gradients
 * @param routerLosses the sums of its tokens' terms, all layers together
 * @param predictionLosses the losses of each module for multi-token prediction
 * @param requiredRows the most rows that it was to receive in one exchange
 * @param droppedRows rows that were dropped on it
 * @param rounds how many rounds the exchanges of its group needed
 * @param hostSyncs how often its host waited inside forward and backward
 * @param stop whether it wants the run to end after this step
 * @param withoutData whether it had no batch: its loss and gradients are then those of an older batch
 */
record RankReport(long labels, double loss, double sumOfSquares, RouterLosses routerLosses,
        List<PredictionLoss> predictionLosses, long requiredRows,
        long droppedRows, RoundCounts rounds, long hostSyncs,
        boolean stop, boolean withoutData) {
    private static final int STOP = 1;
    private static final int WITHOUT_DATA = 2;
    private static final int BYTES = 11 * Long.BYTES + Integer.BYTES + 1;
    private static final int PREDICTION_BYTES = 2 * Long.BYTES;

    byte[] encode() {
        ByteBuffer bytes = ByteBuffer
                .allocate(BYTES + PREDICTION_BYTES * predictionLosses.size())
                .putLong(labels)
                .putDouble(loss).putDouble(sumOfSquares).putDouble(routerLosses.balance()).putDouble(routerLosses.z())
                .putLong(requiredRows)
                .putLong(droppedRows).putLong(rounds.exchanges()).putLong(rounds.inSeveralRounds())
                .putLong(rounds.most()).putLong(hostSyncs)
                .put((byte) ((stop ? STOP : 0) | (withoutData ? WITHOUT_DATA : 0))).putInt(predictionLosses.size());
        predictionLosses.forEach(loss -> bytes.putDouble(loss.sum()).putLong(loss.targets()));
        return bytes.array();
    }

    static RankReport decode(byte[] bytes) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        long labels = buffer.getLong();
        double loss = buffer.getDouble();
        double sumOfSquares = buffer.getDouble();
        RouterLosses routerLosses = new RouterLosses(buffer.getDouble(), buffer.getDouble());
        long requiredRows = buffer.getLong();
        long droppedRows = buffer.getLong();
        RoundCounts rounds = new RoundCounts(buffer.getLong(), buffer.getLong(), buffer.getLong());
        long hostSyncs = buffer.getLong();
        byte flags = buffer.get();
        int predictions = buffer.getInt();
        List<PredictionLoss> predictionLosses = new ArrayList<>(predictions);
        for (int k = 0; k < predictions; k++) {
            predictionLosses.add(new PredictionLoss(buffer.getDouble(), buffer.getLong()));
        }
        return new RankReport(labels, loss, sumOfSquares, routerLosses, predictionLosses, requiredRows, droppedRows,
                rounds, hostSyncs,
                (flags & STOP) != 0,
                (flags & WITHOUT_DATA) != 0);
    }
}
