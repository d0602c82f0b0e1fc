package io.moe4j.planted.threads;

/** A thread without anything bound to it. */
final class Innocent {

    Thread started() {
        return Thread.ofPlatform().start(() -> {});
    }
}
