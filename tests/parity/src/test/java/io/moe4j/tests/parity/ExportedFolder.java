package io.moe4j.tests.parity;

import io.moe4j.trainer.step.Batch;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A folder that Hugging Face's {@code save_pretrained} wrote, with the results of its model for two sequences.
 *
 * @param folder its path
 * @param expected the content of its {@code expected.json}
 */
record ExportedFolder(Path folder, JsonNode expected) {

    static ExportedFolder of(String name) throws IOException {
        URL url = ExportedFolder.class.getResource("export/" + name + "/expected.json");
        if (url == null) {
            throw new IllegalStateException("folder " + name + " is missing");
        }
        try {
            return at(Path.of(url.toURI()).getParent());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    static ExportedFolder at(Path folder) throws IOException {
        return new ExportedFolder(folder,
                JsonMapper.shared().readTree(Files.readAllBytes(folder.resolve("expected.json"))));
    }

    int sequences() {
        return expected.get("input_ids").size();
    }

    int tokens() {
        return expected.get("input_ids").get(0).size();
    }

    int vocabulary() {
        return expected.get("logits").get(0).get("values").size();
    }

    double loss() {
        return expected.get("loss").doubleValue();
    }

    /** The sequences of a rank. */
    Batch batch(int rank, int ranks) {
        return new Batch(ids("input_ids", rank, ranks), ids("labels", rank, ranks));
    }

    /**
     * The largest difference of a logit, relative to the largest one.
     *
     * @param values the logits of all tokens of the rank's sequences
     */
    double worstLogit(int rank, int ranks, float[] values) {
        int mine = sequences() / ranks;
        double worst = 0;
        double largest = 0;
        for (JsonNode each : expected.get("logits")) {
            int sequence = each.get("sequence").intValue() - rank * mine;
            if (sequence < 0 || sequence >= mine) {
                continue;
            }
            int row = (sequence * tokens() + each.get("position").intValue()) * vocabulary();
            for (int i = 0; i < vocabulary(); i++) {
                double logit = each.get("values").get(i).doubleValue();
                double difference = Math.abs(values[row + i] - logit);
                worst = difference <= worst ? worst : difference;
                largest = Math.max(largest, Math.abs(logit));
            }
        }
        return worst / largest;
    }

    private int[] ids(String key, int rank, int ranks) {
        int mine = sequences() / ranks;
        List<Integer> ids = new ArrayList<>();
        for (int sequence = rank * mine; sequence < (rank + 1) * mine; sequence++) {
            expected.get(key).get(sequence).forEach(id -> ids.add(id.intValue()));
        }
        return Arrays.stream(ids.toArray(Integer[]::new)).mapToInt(Integer::intValue).toArray();
    }
}
