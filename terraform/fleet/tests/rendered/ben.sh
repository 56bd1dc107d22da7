#!/bin/bash
echo ben
