package io.moe4j.trainer.config;

import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** A value as it was given, before it is converted to its type. */
sealed interface Value {

    /** As it is shown to people. */
    String shown();

    /** The number, if it is one, as text. */
    Optional<String> number();

    /** The text, if it is one. */
    Optional<String> text();

    /** True or false, if it is that, as text. */
    Optional<String> flag();

    /** From the command line, where everything is text. */
    record Typed(String value) implements Value {
        @Override
        public String shown() {
            return value;
        }

        @Override
        public Optional<String> number() {
            return Optional.of(value);
        }

        @Override
        public Optional<String> text() {
            return Optional.of(value);
        }

        @Override
        public Optional<String> flag() {
            return Optional.of(value);
        }
    }

    /** From a file. */
    record Filed(JsonNode node) implements Value {
        @Override
        public String shown() {
            return node.toString();
        }

        @Override
        public Optional<String> number() {
            return node.isNumber() ? Optional.of(node.asString()) : Optional.empty();
        }

        @Override
        public Optional<String> text() {
            return node.isString() ? Optional.of(node.stringValue()) : Optional.empty();
        }

        @Override
        public Optional<String> flag() {
            return node.isBoolean() ? Optional.of(node.asString()) : Optional.empty();
        }
    }
}
