package io.moe4j.app.bench;

import io.moe4j.api.Stability;
import io.moe4j.api.device.Device;
import io.moe4j.trainer.config.TrainerConfig;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The results of a benchmark: each part with its times, the floor (the time at these devices' best rates), and a peer's times where they are given.
 */
@Stability(Stability.Level.EVOLVING)
public final class BenchReport {
    private final Map<String, Object> facts;
    private final MachineRates rates;
    private final List<BenchPart.Timed> parts;
    private final Optional<PeerTimes> peers;

    private BenchReport(Map<String, Object> facts, MachineRates rates, List<BenchPart.Timed> parts,
            Optional<PeerTimes> peers) {
        this.facts = facts;
        this.rates = rates;
        this.parts = List.copyOf(parts);
        this.peers = peers;
    }

    static BenchReport of(String benchmark, BenchSetup setup, Collection<Device> devices, MachineRates rates,
            List<BenchPart.Timed> parts) {
        TrainerConfig config = setup.config();
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("benchmark", benchmark);
        facts.put("device", devices.stream().map(Device::description).collect(Collectors.joining(" and ")));
        facts.put("threads", devices.iterator().next().config().threads());
        facts.put("flavor", config.model().flavor());
        facts.put("dtype", name(config.training().dtype()));
        facts.put("gradient_dtype", name(config.training().gradientDtype()));
        facts.put("dense_products", name(config.training().denseProducts()));
        facts.put("expert_products", name(config.training().expertProducts()));
        facts.put("dispatched_rows", name(config.dispatchedRows()));
        facts.put("comm_backend", config.model().moeCommBackend());
        facts.put("expert_kernels", config.model().expertKernels());
        facts.put("captured", config.graphCapture().enable());
        facts.put("calls", setup.options().calls());
        return new BenchReport(facts, rates, parts, Optional.empty());
    }

    private static String name(Enum<?> type) {
        return type.name().toLowerCase(Locale.ROOT);
    }

    /** With more facts about the benchmark as a whole. */
    BenchReport with(Map<String, Object> more) {
        Map<String, Object> all = new LinkedHashMap<>(facts);
        all.putAll(more);
        return new BenchReport(all, rates, parts, peers);
    }

    /**
     * With a peer's times beside ours.
     *
     * @throws io.moe4j.api.InputException if the peer has measured something else
     */
    public BenchReport beside(PeerTimes others) {
        others.check(facts, parts.stream().map(timed -> timed.part().name()).toList());
        return new BenchReport(facts, rates, parts, Optional.of(others));
    }

    /** As JSON: times in seconds, rates per second. */
    public Map<String, Object> json() {
        Map<String, Object> json = new LinkedHashMap<>(facts);
        json.put("copy_bytes_per_second", rates.copyBytesPerSecond());
        json.put("matmul_flops_per_second", rates.matmulFlopsPerSecond());
        json.put("link_bytes_per_second", rates.linkBytesPerSecond());
        List<Map<String, Object>> all = new ArrayList<>();
        parts.forEach(timed -> all.add(json(timed)));
        json.put("parts", all);
        return json;
    }

    private Map<String, Object> json(BenchPart.Timed timed) {
        BenchPart part = timed.part();
        double median = timed.samples().median();
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", part.name());
        json.put("median_s", median);
        json.put("min_s", timed.samples().min());
        json.put("bytes", part.bytes());
        json.put("link_bytes", part.linkBytes());
        json.put("flops", part.flops());
        json.put("bytes_per_second", part.bytes() / median);
        json.put("flops_per_second", part.flops() / median);
        json.put("floor_s", part.floor(rates));
        json.put("ratio", median / part.floor(rates));
        peer(part).ifPresent(peer -> {
            json.put("peer", peer.by());
            json.put("peer_s", peer.seconds());
            json.put("ratio_to_peer", median / peer.seconds());
        });
        return json;
    }

    private Optional<PeerTimes.Time> peer(BenchPart part) {
        return peers.flatMap(all -> all.of(part.name()));
    }

    /** As a table. All times have one unit, which suits the longest. */
    public String text() {
        StringBuilder text = new StringBuilder();
        facts.forEach((name, value) -> {
            if (!(value instanceof List<?>)) {
                text.append(String.format(Locale.ROOT, "%-22s %s%n", label(name), shown(name, value)));
            }
        });
        text.append(String.format(Locale.ROOT, "%-22s copies %s, multiplies %s%s%n%n", "device at best",
                rate(rates.copyBytesPerSecond(), "B/s"), rate(rates.matmulFlopsPerSecond(), "FLOP/s"),
                rates.linkBytesPerSecond() == 0 ? ""
                        : ", sends to other devices " + rate(rates.linkBytesPerSecond(), "B/s")));
        TimeUnits unit = TimeUnits.of(parts.stream().mapToDouble(timed -> timed.samples().median()).max().orElse(0));
        int names = parts.stream().mapToInt(timed -> timed.part().name().length()).max().orElse(0) + 1;
        text.append(String.format(Locale.ROOT, "%-" + names + "s %11s %11s %9s %10s %7s%s%n", "part",
                "median " + unit.symbol(),
                "floor " + unit.symbol(), "GB/s", "GFLOP/s", "ratio",
                peers.isPresent() ? String.format(Locale.ROOT, " %11s %8s", "peer " + unit.symbol(), "to peer") : ""));
        parts.forEach(timed -> text.append(line(timed, unit, names)));
        return text.append("\nfloor: the time at the device's best rates; ratio: median over floor\n").toString();
    }

    private static String label(String name) {
        String words = name.replace('_', ' ');
        return words.endsWith(" s") ? words.substring(0, words.length() - 2) : words;
    }

    /** Numbers with three or four digits, since measurements are no more precise, and with their unit. */
    private static String shown(String name, Object value) {
        if (value instanceof Double number) {
            if (name.endsWith("_s")) {
                TimeUnits unit = TimeUnits.of(number);
                return String.format(Locale.ROOT, "%.4g %s", number * unit.inSecond(), unit.symbol());
            }
            return name.endsWith("_share") ? String.format(Locale.ROOT, "%.1f%%", 100 * number)
                    : String.format(Locale.ROOT, number >= 1000 ? "%,.0f" : "%.4g", number);
        }
        return value instanceof Long || value instanceof Integer
                ? String.format(Locale.ROOT, "%,d", ((Number) value).longValue())
                : value.toString();
    }

    private static String rate(double perSecond, String unit) {
        return perSecond >= 1e12 ? String.format(Locale.ROOT, "%.1f T%s", perSecond / 1e12, unit)
                : String.format(Locale.ROOT, "%.1f G%s", perSecond / 1e9, unit);
    }

    private String line(BenchPart.Timed timed, TimeUnits unit, int names) {
        BenchPart part = timed.part();
        double median = timed.samples().median();
        return String.format(Locale.ROOT, "%-" + names + "s %11.1f %11.1f %9.1f %10.1f %7.2f%s%n", part.name(),
                median * unit.inSecond(), part.floor(rates) * unit.inSecond(), part.bytes() / median / 1e9,
                part.flops() / median / 1e9, median / part.floor(rates),
                peer(part).map(peer -> String.format(Locale.ROOT, " %11.1f %8.2f",
                        peer.seconds() * unit.inSecond(), median / peer.seconds())).orElse(""));
    }
}
