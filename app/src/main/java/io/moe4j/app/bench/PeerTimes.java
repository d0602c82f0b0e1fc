package io.moe4j.app.bench;

import io.moe4j.api.Shown;
import io.moe4j.api.Stability;
import io.moe4j.api.InputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Times of another implementation (a peer) for parts of the same names, on the same device, for the same shapes: a JSON object such as
 * {@code {"device": "NVIDIA H200", "shape": {"tokens_per_rank": 16384}, "parts": [{"name": "swiglu", "median_s": 2.7e-4, "by": "Triton"}]}}.
 */
@Stability(Stability.Level.EVOLVING)
public final class PeerTimes {

    /**
     * A part as a peer ran it.
     *
     * @param seconds median, above 0
     * @param by the implementation that ran, such as {@code Triton}
     */
    record Time(double seconds, String by) {}

    private final Path file;
    private final String device;
    private final Map<String, String> shape;
    private final Map<String, Time> times;

    private PeerTimes(Path file, String device, Map<String, String> shape, Map<String, Time> times) {
        this.file = file;
        this.device = device;
        this.shape = shape;
        this.times = times;
    }

    /**
     * Reads a file.
     *
     * @throws InputException if there is no such file, or it has no such object
     */
    public static PeerTimes read(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new InputException("the peers' file " + file + " does not exist; benchmarks/peers writes one");
        }
        try {
            JsonNode root = JsonMapper.shared().readTree(file);
            Map<String, String> shape = new LinkedHashMap<>();
            root.path("shape").properties().forEach(entry -> shape.put(entry.getKey(), entry.getValue().asString()));
            Map<String, Time> times = new LinkedHashMap<>();
            root.path("parts").forEach(part -> times.put(part.path("name").asString(""), time(file, part)));
            if (!root.path("device").isString() || shape.isEmpty() || times.isEmpty()) {
                throw malformed(file, "it has the keys " + Shown.of(root.propertyNames()));
            }
            return new PeerTimes(file, root.path("device").asString(), shape, times);
        } catch (JacksonException e) {
            throw new InputException(
                    "the peers' file " + file + " is not JSON: " + Shown.parserMessage(e.getOriginalMessage()),
                    e);
        }
    }

    private static Time time(Path file, JsonNode part) {
        double seconds = part.path("median_s").asDouble(Double.NaN);
        if (!part.path("name").isString() || !(seconds > 0) || Double.isInfinite(seconds)) {
            throw malformed(file, "one of its parts is " + Shown.of(part));
        }
        return new Time(seconds, part.path("by").asString("peer"));
    }

    private static InputException malformed(Path file, String found) {
        return new InputException("the peers' file " + file + ": " + found + "; a device, a shape, and parts, each with"
                + " a name and a median_s above 0, are needed, as benchmarks/peers writes them");
    }

    /** The peer's time of a part; empty if it has none. */
    Optional<Time> of(String part) {
        return Optional.ofNullable(times.get(part));
    }

    /** Checks that the peer has measured some of these parts, on this device, and with equal values of all extents that both name. */
    void check(Map<String, Object> facts, List<String> parts) {
        if (!String.valueOf(facts.get("device")).contains(device)) {
            throw new InputException(
                    "the peers' file " + file + " is of the device " + Shown.of(device) + ", and this ran on "
                            + facts.get("device") + "; measure both on one device");
        }
        shape.forEach((name, value) -> {
            if (facts.containsKey(name) && !String.valueOf(facts.get(name)).equals(value)) {
                throw new InputException(
                        "the peers' file " + file + " has " + Shown.of(name + " " + value) + ", and here it is "
                                + facts.get(name) + "; measure both with the same shapes");
            }
        });
        if (parts.stream().noneMatch(times::containsKey)) {
            throw new InputException("the peers' file " + file + " has the parts " + Shown.of(times.keySet())
                    + ", and this benchmark has " + parts + ": none in common; give the file that belongs to it");
        }
    }
}
