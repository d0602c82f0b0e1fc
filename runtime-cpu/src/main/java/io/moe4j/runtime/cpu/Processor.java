package io.moe4j.runtime.cpu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import jdk.incubator.vector.FloatVector;

/**
 * What the operating system reports about the processor.
 *
 * @param name the model
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
     * An estimate of the peak in FLOP/s: two vector multiply-adds per cycle, at the reported clock rate. Too high for processors that split vectors
     * of 512 bits.
     */
    double peakFlops(int threads) {
        return hertz * threads * 2 * 2 * FloatVector.SPECIES_PREFERRED.length();
    }
}
