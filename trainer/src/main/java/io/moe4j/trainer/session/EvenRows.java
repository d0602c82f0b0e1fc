package io.moe4j.trainer.session;

/**
 * Rows that a rank receives in a round under even routing: as many as it sends, in the order in which they fit. Example: 100 routed rows and a capacity of 60
 * are 60 rows in round 0, 40 in round 1, and none in any other. Belongs to one rank.
 */
final class EvenRows {
    private final long routed;
    private int round;

    /** @param routed T·K */
    EvenRows(long routed) {
        this.routed = routed;
    }

    /** Sets the round that is under way; 0 is the first, and what is outside of rounds. */
    void setRound(int number) {
        round = number;
    }

    int round() {
        return round;
    }

    /** Of the round that is under way. */
    long in(long capacityRows) {
        return Math.clamp(routed - round * capacityRows, 0, capacityRows);
    }
}
