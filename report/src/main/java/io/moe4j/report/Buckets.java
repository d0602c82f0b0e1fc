package io.moe4j.report;

/**
 * Divides the points of a run into pieces of equal size, the last one smaller. For example, 2500 points for a curve of at most 1000 points give 834 pieces:
 * 833 of 3 points each and one of 1.
 *
 * @param points all of them
 * @param size points of a piece
 */
record Buckets(int points, int size) {

    static Buckets of(int points, int most) {
        return new Buckets(points, Math.max(1, Math.ceilDiv(points, Math.max(1, most))));
    }

    int count() {
        return Math.ceilDiv(points, size);
    }

    int begin(int bucket) {
        return bucket * size;
    }

    int end(int bucket) {
        return Math.min(points, (bucket + 1) * size);
    }
}
