package io.moe4j.report;

/**
 * How much of each run a page has, so that it stays small however long the runs are and however many there are.
 *
 * @param points the most points of a curve
 * @param cells the most cells of the map of experts
 */
record Sizes(int points, int cells) {
    private static final int ALL_POINTS = 6000;
    private static final int MOST_POINTS = 1000;
    private static final int LEAST_POINTS = 300;
    private static final int ALL_CELLS = 1_000_000;

    static Sizes forRuns(int runs) {
        return new Sizes(Math.clamp(ALL_POINTS / runs, LEAST_POINTS, MOST_POINTS), ALL_CELLS / runs);
    }
}
