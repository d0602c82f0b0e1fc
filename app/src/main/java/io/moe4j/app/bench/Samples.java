package io.moe4j.app.bench;

import java.util.List;

/** Times of the same work, in seconds, in the order in which they were taken. */
record Samples(List<Double> seconds) {
    Samples {
        seconds = List.copyOf(seconds);
        if (seconds.isEmpty()) {
            throw new IllegalArgumentException("nothing was timed; ask for at least one iteration");
        }
    }

    double median() {
        List<Double> sorted = seconds.stream().sorted().toList();
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }

    double min() {
        return seconds.stream().mapToDouble(Double::doubleValue).min().orElseThrow();
    }
}
