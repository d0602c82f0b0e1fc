package io.moe4j.report;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.StringJoiner;

/** Folders as runs leave them, with made-up numbers. */
final class RunFolderFixture {
    /** In one step, so that it can get lost when curves are made smaller. */
    static final double PEAK = 99.5;
    static final int PEAK_STEP = 37;

    private RunFolderFixture() {}

    /** @param steps at least 40 */
    static Path make(Path folder, int steps, int layers, int experts) throws IOException {
        Files.createDirectories(folder);
        Random random = new Random(7);
        try (BufferedWriter metrics = Files.newBufferedWriter(folder.resolve("metrics.jsonl"));
                BufferedWriter loads = Files.newBufferedWriter(folder.resolve("layers.jsonl"))) {
            for (int step = 1; step <= steps; step++) {
                double loss = step == PEAK_STEP ? PEAK : 2 + 6.0 / step + 0.1 * random.nextDouble();
                metrics.write("{\"step\":" + step + ",\"loss\":" + loss + ",\"grad_norm\":" + (0.5 + 20.0 / step)
                        + ",\"lr\":0.002,\"time\":\"2026-11-29T02:00:00Z\",\"seconds\":3.25,\"tokens\":" + step * 512L
                        + ",\"tokens_per_second\":15660.5,\"mfu\":0.3134,\"memory_bytes\":1024,\"received_rows_max\":"
                        + (900 + step % 50)
                        + ",\"receive_capacity_rows\":1024,\"dropped_rows\":0,\"data_seconds\":0.01}\n");
                if (step % 20 == 0) {
                    metrics.write("{\"step\":" + step + ",\"validation_loss\":" + loss + ",\"validation_perplexity\":"
                            + Math.exp(loss) + "}\n");
                }
                StringJoiner all = new StringJoiner(",", "[", "]");
                for (int layer = 1; layer <= layers; layer++) {
                    StringJoiner tokens = new StringJoiner(",", "[", "]");
                    for (int expert = 0; expert < experts; expert++) {
                        tokens.add(String.valueOf(expert == 0 ? 3 * experts : 10 + expert));
                    }
                    all.add("{\"layer\":" + layer + ",\"tokens_per_expert\":" + tokens
                            + ",\"entropy\":0.9,\"imbalance\":1.5,\"received_rows_max\":9,\"dropped_rows\":0}");
                }
                loads.write("{\"step\":" + step + ",\"layers\":" + all + "}\n");
            }
        }
        Files.writeString(folder.resolve("config.toml"), "ranks = 4\n[training]\nsteps = " + steps
                + "\n[data]\npath = \"data/</script><script>alert(1)</script><!--\"\n");
        Files.writeString(folder.resolve("run.json"), "{\"model\":\"deepseek_v3 debugmodel\",\"parameters\":33014016,"
                + "\"ranks\":4,\"devices\":[\"CPU <b>0</b>\"],\"memory_bytes_of_a_rank\":{\"parameters\":33014272,"
                + "\"optimizer state\":66028544,\"rope table\":16384},\"machine\":{\"system\":\"Linux\",\"cores\":2}}");
        return folder;
    }
}
