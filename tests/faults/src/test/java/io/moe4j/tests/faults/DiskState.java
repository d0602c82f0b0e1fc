package io.moe4j.tests.faults;

import io.moe4j.tests.faults.SimulatedDisk.Operation;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * The content of a disk after some operations, and what a cut may leave of it. Bytes of a file are safe when the file was forced; names in a folder are safe
 * when the folder was forced; of everything else, any part may be left.
 */
final class DiskState {
    private final Path root;
    private final Node top = new Node(true);

    /** What is left of bytes and names that were not forced. */
    enum Cut {
        /** Everything: the process was killed, and the machine goes on. */
        PROCESS_KILLED,
        /** Nothing. */
        NOTHING_LEFT,
        /** All names, and no bytes: files are empty, as on ext4. */
        NAMES_LEFT,
        /** Some names, and some bytes. */
        SOME_LEFT
    }

    private static final class Node {
        private final boolean folder;
        private final Map<String, Node> names = new LinkedHashMap<>();
        private final List<Change> unforced = new ArrayList<>();
        private Map<String, Node> safeNames = new LinkedHashMap<>();
        private byte[] bytes = {};
        private byte[] safeBytes = {};

        Node(boolean folder) {
            this.folder = folder;
        }

        void change(Change change) {
            change.apply(names);
            unforced.add(change);
        }
    }

    /** A change of the names in a folder: one of the two may be missing. */
    private record Change(@Nullable String removed, @Nullable String added, @Nullable Node node) {
        void apply(Map<String, Node> names) {
            if (removed != null) {
                names.remove(removed);
            }
            if (added != null) {
                names.put(added, Objects.requireNonNull(node));
            }
        }

        boolean isPossible(Map<String, Node> names) {
            return (removed == null || names.containsKey(removed)) && (added == null || !names.containsKey(added));
        }
    }

    /** @param root the folder that was empty before the first operation */
    DiskState(Path root) {
        this.root = root;
    }

    /** Applies some operations. */
    void apply(List<Operation> operations) {
        operations.forEach(this::apply);
    }

    private void apply(Operation operation) {
        switch (operation) {
            case Operation.Create(Path path) -> folder(path)
                    .change(new Change(null, name(path), new Node(false)));
            case Operation.MakeFolder(Path path) -> folder(path).change(new Change(null, name(path), new Node(true)));
            case Operation.Delete(Path path) -> folder(path).change(new Change(name(path), null, null));
            case Operation.Rename(Path from, Path to) -> folder(from)
                    .change(new Change(name(from), name(to), node(from)));
            case Operation.Write(Path path, long position, byte[] bytes) -> {
                Node file = node(path);
                file.bytes = Arrays.copyOf(file.bytes, Math.max(file.bytes.length, (int) position + bytes.length));
                System.arraycopy(bytes, 0, file.bytes, (int) position, bytes.length);
            }
            case Operation.ForceFile(Path path) -> {
                Node file = node(path);
                file.safeBytes = file.bytes.clone();
            }
            case Operation.Nothing nothing -> {}
            case Operation.ForceFolder(Path path) -> {
                if (path.startsWith(root)) {
                    Node folder = node(path);
                    folder.safeNames = new LinkedHashMap<>(folder.names);
                    folder.unforced.clear();
                }
            }
        }
    }

    /** Writes what is left to an empty folder. */
    void leave(Cut cut, Random random, Path target) throws IOException {
        write(left(cut, random), target);
    }

    /** What is left: the names below the root, those of folders with a / at the end, and the bytes of each file. A folder comes before what is in it. */
    Map<String, ByteBuffer> left(Cut cut, Random random) {
        Map<String, ByteBuffer> left = new LinkedHashMap<>();
        left(top, "", cut, random, left);
        return left;
    }

    /** Writes what {@link #left} has returned to an empty folder. */
    static void write(Map<String, ByteBuffer> left, Path target) throws IOException {
        Files.createDirectories(target);
        for (Map.Entry<String, ByteBuffer> each : left.entrySet()) {
            Path path = target.resolve(each.getKey());
            if (each.getKey().endsWith("/")) {
                Files.createDirectory(path);
            } else {
                Files.write(path, each.getValue().array());
            }
        }
    }

    private static void left(Node folder, String path, Cut cut, Random random, Map<String, ByteBuffer> left) {
        Map<String, Node> names = switch (cut) {
            case PROCESS_KILLED, NAMES_LEFT -> folder.names;
            case NOTHING_LEFT -> folder.safeNames;
            case SOME_LEFT -> some(folder, random);
        };
        names.forEach((name, node) -> {
            if (node.folder) {
                left.put(path + name + "/", ByteBuffer.allocate(0));
                left(node, path + name + "/", cut, random, left);
            } else {
                left.put(path + name, ByteBuffer.wrap(switch (cut) {
                    case PROCESS_KILLED -> node.bytes;
                    case NOTHING_LEFT, NAMES_LEFT -> node.safeBytes;
                    case SOME_LEFT -> torn(node, random);
                }));
            }
        });
    }

    private static Map<String, Node> some(Node node, Random random) {
        Map<String, Node> names = new LinkedHashMap<>(node.safeNames);
        for (Change change : node.unforced) {
            if (random.nextBoolean() && change.isPossible(names)) {
                change.apply(names);
            }
        }
        return names;
    }

    /** Each block of bytes is either the safe one or the newer one, and so is the size. */
    private static byte[] torn(Node file, Random random) {
        byte[] torn = Arrays.copyOf(file.safeBytes, random.nextBoolean() ? file.safeBytes.length : file.bytes.length);
        int block = 64;
        for (int at = 0; at < torn.length; at += block) {
            if (random.nextBoolean()) {
                int count = Math.min(block, torn.length - at);
                System.arraycopy(file.bytes, at, torn, at, count);
            }
        }
        return torn;
    }

    private Node folder(Path path) {
        return node(Objects.requireNonNull(path.getParent()));
    }

    private Node node(Path path) {
        Node node = top;
        for (Path each : root.relativize(path)) {
            if (!each.toString().isEmpty()) {
                node = Objects.requireNonNull(node.names.get(each.toString()), path + " is not there");
            }
        }
        return node;
    }

    private static String name(Path path) {
        return String.valueOf(path.getFileName());
    }
}
