package io.moe4j.report;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * The load of experts over steps, from {@code layers.jsonl}. A cell is the load of one expert of one layer in one piece of the run, as a multiple of the
 * mean of the layer's experts: 1 is even. It is stored in one byte, {@code 255 · ln(1 + load) / ln(1 + experts)}, so that the file is small; that is
 * within 2.2% for 256 experts.
 */
final class ExpertMap {
    private static final int MOST_COLUMNS = 240;
    private static final int LEAST_COLUMNS = 24;
    private static final int LARGEST_CELL = 255;

    private final List<Integer> layers = new ArrayList<>();
    private final Buckets buckets;
    private final int experts;
    private final double[][][] load;
    private final double[][] imbalanceSum;
    private final double[][] imbalanceMax;
    private final double[][] entropySum;
    private final long[][] count;
    private final long[] firstStep;
    private final long[] lastStep;
    private int seen;

    private ExpertMap(JsonNode first, int records, int cells) {
        JsonNode all = first.get("layers");
        all.forEach(layer -> layers.add(layer.path("layer").asInt()));
        experts = all.get(0).path("tokens_per_expert").size();
        int columns = Math.clamp(cells / Math.max(1, layers.size() * experts), LEAST_COLUMNS, MOST_COLUMNS);
        buckets = Buckets.of(records, columns);
        load = new double[layers.size()][experts][buckets.count()];
        imbalanceSum = new double[layers.size()][buckets.count()];
        imbalanceMax = new double[layers.size()][buckets.count()];
        entropySum = new double[layers.size()][buckets.count()];
        count = new long[layers.size()][buckets.count()];
        firstStep = new long[buckets.count()];
        lastStep = new long[buckets.count()];
    }

    /**
     * Reads a file twice: first to count its lines, then for its content. Lines of another shape than the first are left out.
     *
     * @param cells the most cells of all layers together
     * @return null if the file has no line with experts, or its first one is damaged
     */
    static @Nullable ExpertMap read(Path file, int cells) throws IOException {
        List<JsonNode> first = new ArrayList<>(1);
        int[] records = new int[1];
        Lines.read(file, line -> {
            if (isUsable(line)) {
                records[0]++;
                if (first.isEmpty()) {
                    first.add(line);
                }
            }
        });
        if (first.isEmpty()) {
            return null;
        }
        ExpertMap map;
        try {
            map = new ExpertMap(first.getFirst(), records[0], cells);
        } catch (JacksonException e) {
            return null;
        }
        Lines.read(file, line -> {
            // A running training may have added lines since they were counted.
            if (isUsable(line) && map.seen < records[0]) {
                map.add(line);
            }
        });
        return map;
    }

    private static boolean isUsable(JsonNode line) {
        JsonNode all = line.path("layers");
        return all.isArray() && !all.isEmpty() && !all.get(0).path("tokens_per_expert").isEmpty();
    }

    private void add(JsonNode line) {
        int column = seen / buckets.size();
        long step = line.get("step").asLong();
        if (seen % buckets.size() == 0) {
            firstStep[column] = step;
        }
        lastStep[column] = step;
        seen++;
        for (JsonNode layer : line.get("layers")) {
            int row = layers.indexOf(layer.path("layer").asInt(-1));
            if (row >= 0 && layer.path("tokens_per_expert").size() == experts) {
                add(row, column, layer);
            }
        }
    }

    private void add(int row, int column, JsonNode layer) {
        JsonNode tokens = layer.get("tokens_per_expert");
        double mean = 0;
        for (JsonNode each : tokens) {
            mean += each.asDouble() / experts;
        }
        for (int expert = 0; expert < experts && mean > 0; expert++) {
            load[row][expert][column] += tokens.get(expert).asDouble() / mean;
        }
        double imbalance = layer.path("imbalance").asDouble();
        imbalanceSum[row][column] += imbalance;
        imbalanceMax[row][column] = Math.max(imbalanceMax[row][column], imbalance);
        entropySum[row][column] += layer.path("entropy").asDouble();
        count[row][column]++;
    }

    Map<String, Object> json() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("layers", layers);
        json.put("experts", experts);
        json.put("first_step", firstStep);
        json.put("last_step", lastStep);
        json.put("imbalance", means(imbalanceSum));
        json.put("imbalance_max", rounded(imbalanceMax));
        json.put("entropy", means(entropySum));
        json.put("cells", Base64.getEncoder().encodeToString(cells()));
        return json;
    }

    private byte[] cells() {
        byte[] cells = new byte[layers.size() * experts * buckets.count()];
        int at = 0;
        for (int row = 0; row < layers.size(); row++) {
            for (int expert = 0; expert < experts; expert++) {
                for (int column = 0; column < buckets.count(); column++) {
                    double mean = load[row][expert][column] / Math.max(1, count[row][column]);
                    cells[at++] = (byte) Math.min(LARGEST_CELL,
                            Math.round(LARGEST_CELL * Math.log1p(mean) / Math.log1p(experts)));
                }
            }
        }
        return cells;
    }

    private List<List<@Nullable Number>> means(double[][] sums) {
        double[][] means = new double[sums.length][];
        for (int row = 0; row < sums.length; row++) {
            means[row] = sums[row].clone();
            for (int column = 0; column < means[row].length; column++) {
                means[row][column] /= Math.max(1, count[row][column]);
            }
        }
        return rounded(means);
    }

    private static List<List<@Nullable Number>> rounded(double[][] values) {
        List<List<@Nullable Number>> rows = new ArrayList<>();
        for (double[] row : values) {
            List<@Nullable Number> numbers = new ArrayList<>();
            for (double value : row) {
                numbers.add(Numbers.shown(Math.round(value * 1000) / 1000.0));
            }
            rows.add(numbers);
        }
        return rows;
    }
}
