package io.moe4j.planted.guice;

import com.google.inject.Injector;

/** Knows Guice, and is not the trainer. */
final class Wires {

    String wired(Injector injector) {
        return injector.getInstance(String.class);
    }
}
