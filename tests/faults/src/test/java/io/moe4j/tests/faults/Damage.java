package io.moe4j.tests.faults;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Ways in which a file of a checkpoint can be damaged. */
enum Damage {
    FLIPPED_BIT {
        @Override
        byte[] change(byte[] bytes, Random random) {
            bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
            return bytes;
        }
    },
    RANDOM_BYTES {
        @Override
        byte[] change(byte[] bytes, Random random) {
            int at = random.nextInt(bytes.length);
            byte[] noise = new byte[1 + random.nextInt(bytes.length - at)];
            random.nextBytes(noise);
            System.arraycopy(noise, 0, bytes, at, noise.length);
            return bytes;
        }
    },
    ZEROED {
        @Override
        byte[] change(byte[] bytes, Random random) {
            int at = random.nextInt(bytes.length);
            Arrays.fill(bytes, at, at + 1 + random.nextInt(bytes.length - at), (byte) 0);
            return bytes;
        }
    },
    SHORTER {
        @Override
        byte[] change(byte[] bytes, Random random) {
            return Arrays.copyOf(bytes, random.nextInt(bytes.length));
        }
    },
    LONGER {
        @Override
        byte[] change(byte[] bytes, Random random) {
            return Arrays.copyOf(bytes, bytes.length + 1 + random.nextInt(4096));
        }
    },
    MOVED_BYTES {
        @Override
        byte[] change(byte[] bytes, Random random) {
            int at = random.nextInt(bytes.length);
            System.arraycopy(bytes, 0, bytes, at, bytes.length - at);
            return bytes;
        }
    },
    /** Replaced by the file of another step, rank or role. */
    ANOTHER_FILE {
        @Override
        void apply(Path file, List<Path> others, Random random) throws IOException {
            Files.write(file, Files.readAllBytes(others.get(random.nextInt(others.size()))));
        }
    },
    MISSING {
        @Override
        void apply(Path file, List<Path> others, Random random) throws IOException {
            Files.delete(file);
        }
    },
    FOLDER {
        @Override
        void apply(Path file, List<Path> others, Random random) throws IOException {
            Files.delete(file);
            Files.createDirectory(file);
        }
    };

    /** Changes the content; the result may be equal by accident. Damage of another kind leaves it, and is done by {@link #apply}. */
    byte[] change(byte[] bytes, Random random) {
        return bytes;
    }

    /**
     * Changes a file.
     *
     * @param others files of checkpoints of the same run
     */
    void apply(Path file, List<Path> others, Random random) throws IOException {
        Files.write(file, change(Files.readAllBytes(file), random));
    }

    /** Changes a file repeatedly until its content differs. */
    final void inflict(Path file, List<Path> others, Random random) throws IOException {
        byte[] before = Files.readAllBytes(file);
        do {
            apply(file, others, random);
        } while (Files.isRegularFile(file) && Arrays.equals(before, Files.readAllBytes(file)));
    }
}
