#!/bin/bash
echo ana
