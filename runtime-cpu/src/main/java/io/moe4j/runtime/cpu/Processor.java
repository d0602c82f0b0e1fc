package io.moe4j.runtime.cpu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import jdk.incubator.vector.FloatVector;

/**
 * What the system tells about the processor.
 *
 * @param name model
 * @param hertz clock rate; 0 if unknown
 */
record Processor(String name, double hertz) {
    private static final Path INFO = Path.of("/proc/cpuinfo");

    static Processor read() {
        List<String> lines;
        try {
            lines = Files.isReadable(INFO) ? Files.readAllLines(INFO) : List.of();
        } catch (IOException e) {
            lines = List.of();
        }
        String megahertz = value(lines, "cpu MHz", "0");
        return new Processor(value(lines, "model name", System.getProperty("os.arch")),
                megahertz.matches("[0-9.]+") ? 1e6 * Double.parseDouble(megahertz) : 0);
    }

    private static String value(List<String> lines, String key, String otherwise) {
        return lines.stream().filter(line -> line.startsWith(key)).map(line -> line.replaceFirst("^[^:]*: *", ""))
                .findFirst().orElse(otherwise);
    }

    /**
     * An estimate: two vector multiply-adds a cycle with vectors of up to 256 bits, and one with larger ones, which many processors split in
     * two.
     */
    double peakFlops(int threads) {
        int lanes = FloatVector.SPECIES_PREFERRED.length();
        return hertz * threads * 2 * (lanes > 8 ? lanes : 2 * lanes);
    }
}
