package io.moe4j.planted.threads;

import java.util.concurrent.ThreadLocalRandom;

/** Takes numbers from a thread, where nobody can set a seed. */
final class Guesses {

    int next() {
        return ThreadLocalRandom.current().nextInt();
    }
}
