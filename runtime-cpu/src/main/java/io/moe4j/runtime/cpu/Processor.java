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

    /** An estimate, too high for processors that split vectors of 512 bits: two vector multiply-adds a cycle, at the clock rate that the system tells. */
    double peakFlops(int threads) {
        return hertz * threads * 2 * 2 * FloatVector.SPECIES_PREFERRED.length();
    }
}
