package io.moe4j.trainer.session;

/**
 * Rows that a rank receives in a round under even routing. In all rounds together it receives as many rows as it sends, and each round takes as many as fit.
 * Example: 100 routed rows and a capacity of 60 are 60 rows in round 0, 40 in round 1, and none in any other. Belongs to one rank.
 */
final class EvenRows {
    private final long routed;
    private int round;

    /** @param routed T·K */
    EvenRows(long routed) {
        this.routed = routed;
    }

    /** Sets the current round; 0 is the first one, and also stands for work outside of rounds. */
    void setRound(int number) {
        round = number;
    }

    int round() {
        return round;
    }

    /** The rows of the current round. */
    long in(long capacityRows) {
        return Math.clamp(routed - round * capacityRows, 0, capacityRows);
    }
}
