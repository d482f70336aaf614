package commands

// memoryLimit is where the garbage collector works harder. What bulk work holds at a
// time stays below it; without it as much again would wait to be collected.
const memoryLimit = 128 << 20

// queueMemory is memoryLimit of a run over very many shards: without it what was held for
// those that are done would wait to be collected.
const queueMemory = 72 << 20
