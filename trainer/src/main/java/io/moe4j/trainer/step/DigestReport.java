package io.moe4j.trainer.step;

import io.moe4j.api.Shown;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Digests of data that a rank holds, to be compared with those of other ranks.
 *
 * @param entries one for each piece of data of which other ranks hold a copy
 */
record DigestReport(List<Entry> entries) {
    /** The number of differences that a message names; there may be thousands. */
    private static final int NAMED = 8;

    /**
     * The digest of one piece of data.
     *
     * @param what name of the data
     * @param group the first of the ranks that hold it: entries with the same {@code what} and group should have equal digests
     * @param digest its digest
     */
    record Entry(String what, int group, long digest) {}

    /** The key of all copies of one piece of data. */
    private record Thing(String what, int group) {}

    byte[] encode() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeInt(entries.size());
            for (Entry entry : entries) {
                out.writeUTF(entry.what());
                out.writeInt(entry.group());
                out.writeLong(entry.digest());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    static DigestReport decode(byte[] bytes) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            List<Entry> entries = new ArrayList<>();
            for (int left = in.readInt(); left > 0; left--) {
                entries.add(new Entry(in.readUTF(), in.readInt(), in.readLong()));
            }
            return new DigestReport(entries);
        } catch (IOException e) {
            throw new UncheckedIOException("a rank's report of digests, " + bytes.length + " bytes, is cut short", e);
        }
    }

    /** Describes what differs between the reports of all ranks, which are given by rank; empty if nothing does. */
    static Optional<String> differences(List<DigestReport> byRank) {
        Map<Thing, Map<Long, List<Integer>>> copies = new LinkedHashMap<>();
        for (int rank = 0; rank < byRank.size(); rank++) {
            for (Entry entry : byRank.get(rank).entries()) {
                copies.computeIfAbsent(new Thing(entry.what(), entry.group()), thing -> new LinkedHashMap<>())
                        .computeIfAbsent(entry.digest(), digest -> new ArrayList<>()).add(rank);
            }
        }
        List<String> differences = copies.entrySet().stream().filter(entry -> entry.getValue().size() > 1)
                .map(entry -> entry.getKey().what() + ": " + describe(List.copyOf(entry.getValue().values()))).toList();
        if (differences.isEmpty()) {
            return Optional.empty();
        }
        String rest = differences.size() > NAMED ? "; and " + (differences.size() - NAMED) + " more" : "";
        return Optional.of(String.join("; ", differences.subList(0, Math.min(NAMED, differences.size()))) + rest);
    }

    /** If more than half of the ranks have equal digests, the others are named as those that differ. */
    private static String describe(List<List<Integer>> sets) {
        int ranks = sets.stream().mapToInt(List::size).sum();
        Optional<List<Integer>> most = sets.stream().filter(set -> 2 * set.size() > ranks).findFirst();
        if (most.isEmpty()) {
            return "these differ: " + String.join("; ", sets.stream().map(Shown::ranks).toList())
                    + "; which are right cannot be told";
        }
        List<Integer> others = sets.stream().filter(set -> !set.equals(most.get())).flatMap(List::stream).sorted()
                .toList();
        return Shown.ranks(others) + (others.size() == 1 ? " differs from " : " differ from ")
                + Shown.ranks(most.get());
    }
}
