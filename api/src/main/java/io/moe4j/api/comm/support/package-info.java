/**
 * For those who write a communication backend: what most of them need, and none has to use. Nothing in the SPI speaks of these types, and the host
 * never asks for them.
 */
@NullMarked
package io.moe4j.api.comm.support;

import org.jspecify.annotations.NullMarked;
